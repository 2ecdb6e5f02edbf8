using System.ComponentModel.DataAnnotations;

namespace Attune.Training.Options;

/// <summary>A number of threads: at most four for each processor, as more would only take turns and fill the machine.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class ThreadCountAttribute : ValidationAttribute
{
    const int ThreadsPerProcessor = 4;

    public override bool IsValid(object? value) => value is not int threads || threads <= Most(Environment.ProcessorCount);

    public override string FormatErrorMessage(string name) => ErrorMessage!;

    public ThreadCountAttribute() => ErrorMessage =
        $"must be at most {Most(Environment.ProcessorCount)}, {ThreadsPerProcessor} for each processor of this machine";

    static int Most(int processors) => ThreadsPerProcessor * processors;
}
