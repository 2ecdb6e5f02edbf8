using Attune.Testing.Models;

// Classes run in parallel, each on one processor: models are so small that threads of an operator make nothing faster.
[assembly: AssemblyFixture(typeof(SingleThread))]
