"""What users would pick instead, each as its own tutorial puts it together, run as a process."""
