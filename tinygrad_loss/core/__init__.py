"""The engine: tensors, nodes, and the two ways through a graph."""
