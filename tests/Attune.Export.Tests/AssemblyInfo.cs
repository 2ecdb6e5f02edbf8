// llama.cpp and libtorch both use all processors.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
