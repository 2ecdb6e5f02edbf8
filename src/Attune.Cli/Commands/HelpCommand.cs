using System.CommandLine;

namespace Attune.Cli.Commands;

/// <summary><c>attune help [COMMAND]</c>: the help of the program or of a command.</summary>
static class HelpCommand
{
    public static Command Create(RootCommand root)
    {
        var names = new Argument<string[]>("command")
        {
            HelpName = "[COMMAND ...]", Description = "A command, such as dpo or `data inspect`", Arity = ArgumentArity.ZeroOrMore,
        };
        var command = new Command("help", "Show the help of a command") { names };
        command.SetAction(parsed => CommandHelp.Write(Find(root, parsed.GetValue(names)!)));
        return CommandHelp.WithExample(command, "attune help dpo");
    }

    /// <exception cref="InvalidDataException">There is no such command.</exception>
    static Command Find(Command root, string[] names) => names.Aggregate(root, (command, name) =>
        command.Subcommands.FirstOrDefault(inner => inner.Name == name)
            ?? throw new InvalidDataException(CommandLine.UnknownCommand(command, name)));
}
