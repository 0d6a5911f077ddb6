"""How many draws an audit takes that may stop at any moment, beside one of a fixed number."""
