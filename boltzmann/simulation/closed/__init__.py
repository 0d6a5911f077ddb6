"""Closed boxes: particles that share a fixed energy with demons, and no heat bath."""
