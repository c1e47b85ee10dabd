"""The alternatives, each assembled as in its own tutorial and run as a process."""
