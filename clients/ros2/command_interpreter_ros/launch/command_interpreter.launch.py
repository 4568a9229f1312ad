"""Starts the node; ``ros2 launch command_interpreter_ros command_interpreter.launch.py``."""

from launch import LaunchDescription
from launch.actions import DeclareLaunchArgument
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node
from launch_ros.parameter_descriptions import ParameterValue

ARGUMENTS = {
    "url": ("http://127.0.0.1:8000", "Where the service listens."),
    "key": ("", "The service's key, if it has one."),
    "timeout": ("30.0", "Seconds without a byte after which an answer is given up."),
    "session_id": ("ros", "Conversation of the transcripts topic."),
}


def generate_launch_description() -> LaunchDescription:
    """One node with its parameters as arguments."""
    types = {"timeout": float}
    parameters = {
        name: ParameterValue(LaunchConfiguration(name), value_type=types.get(name, str))
        for name in ARGUMENTS
    }
    return LaunchDescription(
        [
            *(
                DeclareLaunchArgument(name, default_value=default, description=what)
                for name, (default, what) in ARGUMENTS.items()
            ),
            Node(
                package="command_interpreter_ros",
                executable="command_interpreter",
                parameters=[parameters],
                output="screen",
            ),
        ]
    )
