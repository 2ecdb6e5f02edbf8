// Tests assert on threads, live bytes and live tensors, which are those of the whole process.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
