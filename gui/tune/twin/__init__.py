"""The tool Twins: two settings side by side, from the same weights and on the same batches."""
