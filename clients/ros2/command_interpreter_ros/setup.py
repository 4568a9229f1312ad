"""The ament_python build of the node."""

from setuptools import setup

NAME = "command_interpreter_ros"

setup(
    name=NAME,
    version="0.1.0",
    packages=[NAME],
    data_files=[
        ("share/ament_index/resource_index/packages", [f"resource/{NAME}"]),
        (f"share/{NAME}", ["package.xml"]),
        (f"share/{NAME}/launch", ["launch/command_interpreter.launch.py"]),
    ],
    install_requires=["setuptools", "httpx"],
    zip_safe=True,
    license="Apache-2.0",
    description="Node that asks the Command Interpreter.",
    entry_points={"console_scripts": [f"command_interpreter = {NAME}.node:main"]},
)
