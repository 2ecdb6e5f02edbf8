// Live bytes and tensors are facts of the process, and the tests assert on them.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
