"""The workloads in other frameworks: one file each, so that one reads how the same step is said there."""
