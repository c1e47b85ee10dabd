"""Benchmarks: speed and memory of this project and of its alternatives.

``python -m tests.benchmarks QUESTIONS --work FOLDER`` measures all of them in one run, on the
same machine, with the same weights, passages and questions.
"""
