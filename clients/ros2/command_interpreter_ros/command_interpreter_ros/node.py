"""The node: a service, an action and two topics around ``Bridge``."""

from __future__ import annotations

import rclpy
from command_interpreter_interfaces.action import Interpret
from command_interpreter_interfaces.srv import CommandInterpreter
from rclpy.action import ActionServer, CancelResponse
from rclpy.callback_groups import ReentrantCallbackGroup
from rclpy.executors import MultiThreadedExecutor
from rclpy.node import Node
from std_msgs.msg import String

from command_interpreter_ros.bridge import EMPTY_PLAN, Bridge, InterpreterUnavailable


class CommandInterpreterNode(Node):
    """Parameters: ``url``, ``key``, ``timeout`` in seconds, ``session_id`` of the topic."""

    def __init__(self) -> None:
        super().__init__("command_interpreter")
        url = self.declare_parameter("url", "http://127.0.0.1:8000").value
        key = self.declare_parameter("key", "").value
        timeout = self.declare_parameter("timeout", 30.0).value
        self._session = self.declare_parameter("session_id", "ros").value
        self._bridge = Bridge(url, key, timeout)
        group = ReentrantCallbackGroup()  # several people may speak at once
        self._plans = self.create_publisher(String, "~/plans", 10)
        self.create_subscription(
            String, "~/transcripts", self.on_transcript, 10, callback_group=group
        )
        self.create_service(CommandInterpreter, "~/parse", self.on_request, callback_group=group)
        self._action = ActionServer(
            self,
            Interpret,
            "~/interpret",
            execute_callback=self.on_goal,
            cancel_callback=lambda _: CancelResponse.ACCEPT,
            callback_group=group,
        )
        self.get_logger().info(f"asking {url}")

    def on_request(
        self, request: CommandInterpreter.Request, response: CommandInterpreter.Response
    ) -> CommandInterpreter.Response:
        """Answer the service; an empty plan where there is none."""
        try:
            response.unparsed_response = self._bridge.plan(request.text)
        except InterpreterUnavailable as error:
            self.get_logger().error(str(error))
            response.unparsed_response = EMPTY_PLAN
        return response

    def on_transcript(self, message: String) -> None:
        """Publish the whole answer to a transcript."""
        try:
            answer = self._bridge.interpret(message.data, self._session)
        except InterpreterUnavailable as error:
            self.get_logger().error(str(error))
            return
        if answer is not None:
            self._plans.publish(String(data=answer.interpretation))

    def on_goal(self, goal) -> Interpret.Result:  # type: ignore[no-untyped-def]
        """Send each command as feedback, then the whole answer."""

        def on_command(index: int, command: str) -> None:
            goal.publish_feedback(Interpret.Feedback(index=index, command=command))

        try:
            answer = self._bridge.interpret(
                goal.request.text,
                goal.request.session_id,
                on_command,
                lambda: goal.is_cancel_requested,
            )
        except InterpreterUnavailable as error:
            goal.abort()
            return Interpret.Result(outcome="error", interpretation="", message=str(error))
        if answer is None:
            goal.canceled()
            return Interpret.Result(outcome="error", interpretation="", message="canceled")
        goal.succeed()
        return Interpret.Result(
            outcome=answer.outcome, interpretation=answer.interpretation, message=answer.message
        )

    def destroy_node(self) -> None:
        """Close the connection, too."""
        self._action.destroy()
        self._bridge.close()
        super().destroy_node()


def main() -> None:
    """Spin until interrupted."""
    rclpy.init()
    node = CommandInterpreterNode()
    try:
        rclpy.spin(node, executor=MultiThreadedExecutor())
    except KeyboardInterrupt:
        pass
    finally:
        node.destroy_node()
        rclpy.try_shutdown()
