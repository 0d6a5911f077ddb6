"""Parameter scans: independent replicas of an ensemble over a grid of temperatures."""
