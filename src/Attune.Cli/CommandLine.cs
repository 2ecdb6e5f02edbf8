using System.CommandLine;
using Attune.Reporting.Files;
using Attune.Torch;
using Attune.Training.Runs;

namespace Attune.Cli;

/// <summary>Runs a command and turns what goes wrong into one message and an exit code.</summary>
static class CommandLine
{
    /// <summary>Something failed that is not the user's doing, or the machine lacks something.</summary>
    public const int Failed = 1;

    /// <summary>The words, a file or a recipe are wrong, or the disk is full; what was saved before is whole.</summary>
    public const int BadInput = 2;

    /// <summary>Stopped by Ctrl-C or a signal; what was reached is saved.</summary>
    public const int Interrupted = 130;

    public static int Run(RootCommand root, string[] args)
    {
        var parsed = root.Parse(args);
        if (parsed.Errors.Count > 0 && parsed.Action is not CommandHelp)
            return Report(string.Join("\n", parsed.Errors.Select(error => error.Message)) + "\nSee `attune --help`, or --help behind a command.", BadInput);
        try
        {
            return parsed.Invoke(new() { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null });
        }
        catch (OperationCanceledException)
        {
            return Interrupted;
        }
        catch (IOException error) when (error.IsDiskFull())
        {
            return Report(error.Message + "\nMake room on the disk, then give the command again; a run goes on from its last checkpoint by `attune train RUN`.", BadInput);
        }
        catch (Exception error) when (IsBadInput(error))
        {
            return Report(error.Message, BadInput);
        }
        catch (TypeInitializationException error) when (error.InnerException is { } cause)     // the native library is missing or damaged
        {
            return Report(cause.Message, Failed);
        }
        catch (Exception error) when (error is TorchException or TrainingStoppedException or DllNotFoundException)
        {
            return Report(error.Message, Failed);
        }
    }

    /// <summary>Words and files that are wrong, missing, damaged, or not ours to write.</summary>
    static bool IsBadInput(Exception error) => error is InvalidDataException or IOException or UnauthorizedAccessException or FormatException;

    static int Report(string message, int code)
    {
        Console.Error.WriteLine($"attune: {message}");
        return code;
    }
}
