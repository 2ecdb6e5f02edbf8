// Examples write to the one console of the process, and training uses all processors.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
