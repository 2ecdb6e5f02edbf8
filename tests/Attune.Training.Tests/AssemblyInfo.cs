// Not in parallel: tests assert on the live bytes and tensors of the process.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
