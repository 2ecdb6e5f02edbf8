using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;

namespace Attune.Cli;

/// <summary>Help on one screen: every command in a line; behind a command, its words and an example.</summary>
sealed class CommandHelp(HelpAction usual) : SynchronousCommandLineAction
{
    static readonly Dictionary<Command, string> Examples = [];

    /// <summary>Gives a command the example that its help ends with.</summary>
    public static Command WithExample(Command command, string example)
    {
        Examples[command] = example;
        return command;
    }

    /// <summary>Puts this help in the place of the usual one.</summary>
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
        usual.Invoke(parseResult);
        if (Examples.TryGetValue(command, out var example))
            Console.Out.WriteLine($"Example:\n  {example.ReplaceLineEndings("\n  ")}");
        return 0;
    }

    static int WriteAll(RootCommand root)
    {
        Console.Out.WriteLine($"{root.Description}\n\nUsage: attune COMMAND [words] [options]\n");
        foreach (var command in root.Subcommands)
            Console.Out.WriteLine($"  {command.Name,-12} {command.Description}");
        Console.Out.WriteLine("""

            attune COMMAND --help     its words, and an example
            attune recipe METHOD      every key of a training recipe, with default and meaning
            Begin with:  attune quickstart
            """);
        return 0;
    }
}
