using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;

namespace Attune.Cli;

/// <summary>Help of the program, with a line for each command, and help of a command, which ends with an example.</summary>
sealed class CommandHelp(HelpAction standard) : SynchronousCommandLineAction
{
    static readonly Dictionary<Command, string> Examples = [];

    /// <summary>Sets the example that the help of a command ends with.</summary>
    public static Command WithExample(Command command, string example)
    {
        Examples[command] = example;
        return command;
    }

    /// <summary>Replaces the standard help of System.CommandLine.</summary>
    public static void Use(RootCommand root)
    {
        var option = root.Options.OfType<HelpOption>().Single();
        option.Action = new CommandHelp((HelpAction)option.Action!);
    }

    public override int Invoke(ParseResult parseResult)
    {
        var command = parseResult.CommandResult.Command;
        if (command is RootCommand root)
            return WriteAll(root);
        standard.Invoke(parseResult);
        if (Examples.TryGetValue(command, out var example))
            Console.Out.WriteLine($"Example:\n  {example.ReplaceLineEndings("\n  ")}");
        return 0;
    }

    static int WriteAll(RootCommand root)
    {
        Console.Out.WriteLine($"{root.Description}\n\nUsage: attune COMMAND [arguments] [options]\n");
        foreach (var command in root.Subcommands)
            Console.Out.WriteLine($"  {command.Name,-12} {command.Description}");
        Console.Out.WriteLine("""

            attune COMMAND --help     arguments, options and an example
            attune recipe METHOD      every key of a training recipe, with its default and meaning
            To start:  attune quickstart
            """);
        return 0;
    }
}
