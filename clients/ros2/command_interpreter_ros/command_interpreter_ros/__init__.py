"""ROS 2 node of the Command Interpreter."""
