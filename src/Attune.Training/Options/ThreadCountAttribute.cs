using System.ComponentModel.DataAnnotations;

namespace Attune.Training.Options;

/// <summary>A number of threads: at most four for each processor, as more would only take turns and fill the memory.</summary>
[AttributeUsage(AttributeTargets.Property)]
sealed class ThreadCountAttribute : ValidationAttribute
{
    const int ThreadsPerProcessor = 4;

    public ThreadCountAttribute() => ErrorMessage = $"must be at most {Most}, {ThreadsPerProcessor} for each processor of this machine";

    static int Most => ThreadsPerProcessor * Environment.ProcessorCount;

    public override bool IsValid(object? value) => value is not int threads || threads <= Most;
}
