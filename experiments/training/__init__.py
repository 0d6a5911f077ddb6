"""Training the small GPT-2 that ships with the package."""
