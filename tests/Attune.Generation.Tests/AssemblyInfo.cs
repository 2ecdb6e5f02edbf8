// Tests assert on live bytes and tensors, which are those of the whole process.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
