using System.CommandLine;
using Attune.Input;
using Attune.Text;
using Attune.Torch;
using Attune.Torch.Distributed;
using Attune.Training.Runs;

namespace Attune.Cli;

/// <summary>Runs a command; an error becomes one message on standard error and an exit code.</summary>
static class CommandLine
{
    /// <summary>An error that the input did not cause, or something that the machine lacks.</summary>
    public const int Failed = 1;

    /// <summary>An argument, a file or a recipe is wrong, or the disk is full. Files saved before are intact.</summary>
    public const int BadInput = 2;

    /// <summary>Another process of the job has failed, or does not answer.</summary>
    public const int OtherRankFailed = 3;

    /// <summary>Stopped by Ctrl-C or a signal, after a checkpoint.</summary>
    public const int Interrupted = 130;

    public static int Run(RootCommand root, string[] args)
    {
        if (Platform.Problem is { } problem)
            return Report(problem, Failed);
        var parsed = root.Parse(args);
        if (parsed.Errors.Count > 0 && parsed.Action is not CommandHelp)
            return Report(Problems(parsed), BadInput);
        try
        {
            Utf8Names.Require();
            using var telemetry = Telemetry.FromEnvironment();
            return parsed.Invoke(new() { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null });
        }
        catch (OperationCanceledException)
        {
            return Interrupted;
        }
        catch (RankFailedException error)
        {
            return Report(error.Message, OtherRankFailed);
        }
        catch (IOException error) when (error.IsDiskFull())
        {
            return Report(
                error.Message + "\nFree some disk space and run the command again; `attune train RUN` resumes a run.",
                BadInput);
        }
        catch (Exception error) when (IsBadInput(error))
        {
            return Report(error.Message, BadInput);
        }
        catch (OutOfMemoryException)
        {
            return Report(
                "there is not enough memory for this. Use smaller files, a smaller model, batch or context, or a machine with more memory.",
                Failed);
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

    /// <summary>That a command has no such subcommand, and the nearest one.</summary>
    public static string UnknownCommand(Command command, string name) =>
        $"There is no command '{name}'.{Nearest(name, command.Subcommands.Where(inner => !inner.Hidden).Select(inner => inner.Name))}";

    static string Problems(ParseResult parsed)
    {
        var command = parsed.CommandResult.Command;
        var problems = parsed.UnmatchedTokens.Count > 0
            ? Unmatched(command, parsed.UnmatchedTokens[0])
            : string.Join('\n', parsed.Errors.Select(error => error.Message));
        return $"{problems}\n{CommandHelp.Usage(command)}\nRun `{CommandHelp.CommandFor(command)}` for more.";
    }

    static string Unmatched(Command command, string token)
    {
        if (token.StartsWith('-'))
            return $"There is no option {token}."
                + Nearest(token, command.Options.Where(option => !option.Hidden).Select(option => option.Name));
        return command.Subcommands.Count > 0 ? UnknownCommand(command, token) : $"The argument '{token}' is one too many.";
    }

    static string Nearest(string name, IEnumerable<string> known) =>
        NearestName.Find(name, known) is { } nearest ? $" Did you mean {nearest}?" : "";

    /// <summary>Arguments and files that are wrong, missing, damaged or not writable.</summary>
    static bool IsBadInput(Exception error) =>
        error is InvalidDataException or IOException or UnauthorizedAccessException or FormatException;

    static int Report(string message, int code)
    {
        Console.Error.WriteLine($"attune: {ProgramName.InCommandsOf(message)}");
        return code;
    }
}
