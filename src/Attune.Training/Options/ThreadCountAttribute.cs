using System.ComponentModel.DataAnnotations;

namespace Attune.Training.Options;

/// <summary>
/// A number of threads: at most four for each processor, as more would only take turns and fill the memory. A run that was started on a
/// larger machine may be resumed with its number of threads: up to 64 are allowed on every machine.
/// </summary>
[AttributeUsage(AttributeTargets.Property)]
sealed class ThreadCountAttribute : ValidationAttribute
{
    const int ThreadsPerProcessor = 4;
    const int AlwaysAllowed = 64;

    public ThreadCountAttribute() =>
        ErrorMessage = $"must be at most {Most}: {AlwaysAllowed}, or {ThreadsPerProcessor} for each processor of this machine";

    static int Most => Math.Max(AlwaysAllowed, ThreadsPerProcessor * Environment.ProcessorCount);

    public override bool IsValid(object? value) => value is not int threads || threads <= Most;
}
