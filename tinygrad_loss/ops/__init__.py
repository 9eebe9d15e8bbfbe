"""The calculus: one block per op."""
