using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using Attune.Training.Recipes;

namespace Attune.Cli;

/// <summary>Help of the program, with a line for each command; help of a command, with its keys if it trains, and an example.</summary>
sealed class CommandHelp : SynchronousCommandLineAction
{
    const int Columns = 120;
    const int WidestName = 34;

    static readonly Dictionary<Command, string> Examples = [];

    /// <summary>Sets the example that the help of a command ends with.</summary>
    public static Command WithExample(Command command, string example)
    {
        Examples[command] = example;
        return command;
    }

    /// <summary>Replaces the standard help of System.CommandLine. A command of subcommands prints its help when none is named.</summary>
    public static void Use(RootCommand root)
    {
        root.Options.OfType<HelpOption>().Single().Action = new CommandHelp();
        foreach (var command in root.Subcommands.Where(command => command.Subcommands.Count > 0 && command.Action is null).Prepend(root))
            command.SetAction(_ => Write(command));
    }

    public override int Invoke(ParseResult parseResult) => Write(parseResult.CommandResult.Command);

    /// <summary>Prints the help of a command.</summary>
    public static int Write(Command command)
    {
        Console.Out.Write(ProgramName.InCommandsOf(command is RootCommand root ? Program(root) : Text(command)));
        return 0;
    }

    static string Program(RootCommand root) => $"""
        {root.Description}

        Usage: {ProgramName.Current} COMMAND [arguments] [options]

        {string.Join('\n', root.Subcommands.Select(command => $"  {command.Name,-12} {command.Description}"))}

        {ProgramName.Current} help COMMAND       arguments, options and an example; or: {ProgramName.Current} COMMAND --help
        {ProgramName.Current} recipe METHOD      every key of a training recipe, with its default and meaning
        To start:  {ProgramName.Current} quickstart

        """;

    static string Text(Command command)
    {
        string[] sections =
        [
            $"{command.Description}.\n\n{Usage(command)}\n",
            Section("Commands", command.Subcommands.Select(inner => (inner.Name, inner.Description ?? ""))),
            Section("Arguments", command.Arguments.Select(argument => (Placeholder(argument), argument.Description ?? ""))),
            Section("Options", command.Options.Where(option => !option.Hidden).Select(Row)),
            MethodCatalog.Find(command.Name) is { } method && !IsInner(command) ? Keys(method) : "",
            Examples.TryGetValue(command, out var example) ? $"\nExample:\n  {example.ReplaceLineEndings("\n  ")}\n" : "",
        ];
        return string.Concat(sections);
    }

    /// <summary>How a command is typed.</summary>
    public static string Usage(Command command) => $"Usage: {string.Join(' ', CommandNames(command))} "
        + (command.Subcommands.Count > 0 && command.Arguments.Count == 0
            ? "COMMAND"
            : string.Join(' ', command.Arguments.Select(Usage).Append("[options]")));

    /// <summary>The command that prints the help of another.</summary>
    public static string CommandFor(Command command) => string.Join(' ', CommandNames(command).Skip(1).Prepend("help").Prepend("attune"));

    static bool IsInner(Command command) => command.Parents.Any(parent => parent is not RootCommand);

    static IEnumerable<string> CommandNames(Command command) =>
        command is RootCommand
            ? [ProgramName.Current]
            : command.Parents.OfType<Command>().SelectMany(CommandNames).Append(command.Name);

    static string Section(string title, IEnumerable<(string Name, string Description)> rows)
    {
        var all = rows.ToList();
        if (all.Count == 0)
            return "";
        var width = Math.Min(WidestName, all.Max(row => row.Name.Length));
        return $"\n{title}:\n{string.Concat(all.Select(row => Lines(row.Name.PadRight(width), row.Description)))}";
    }

    /// <summary>A name with its description, whose lines begin in one column.</summary>
    static string Lines(string name, string description)
    {
        var (text, line) = ("", $"  {name} ");
        foreach (var word in description.Split(' '))
        {
            if (line.Length + 1 + word.Length > Columns)
                (text, line) = ($"{text}{line}\n", new(' ', Math.Min(name.Length, WidestName) + 3));
            line += $" {word}";
        }
        return $"{text}{line}\n";
    }

    /// <summary>The keys of a method that matter most, with their defaults.</summary>
    static string Keys(TrainingMethod method) =>
        Section("Keys that matter most, with their defaults", RecipeWriter.MainKeys(method))
            + $"\nAll keys: {ProgramName.Current} recipe {method.Name}\n";

    static string Usage(Argument argument)
    {
        var name = Placeholder(argument);
        return argument.Arity.MinimumNumberOfValues == 0 && !name.StartsWith('[') ? $"[{name}]" : name;
    }

    static (string, string) Row(Option option)
    {
        string[] names = option is HelpOption ? ["--help"] : [option.Name, .. option.Aliases];
        var value = option.Arity.MaximumNumberOfValues == 0 || option.ValueType == typeof(bool) ? "" : $" {Placeholder(option)}";
        return ($"{names[0]}{value}", $"{(option is HelpOption ? "Show this help" : option.Description)}{Default(option)}");
    }

    static string Default(Option option)
    {
        if (!option.HasDefaultValue || option.ValueType == typeof(bool))
            return option.Required ? " (required)" : "";
        return option.GetDefaultValue() switch
        {
            null or "" => "",
            Enum choice => $" (default: {ChoiceOption.Name(choice)})",
            double number => $" (default: {RecipeWriter.Number(number)})",
            var value => $" (default: {value})",
        };
    }

    /// <summary>What to type: the kind of value, or its choices.</summary>
    static string Placeholder(Symbol symbol) => symbol switch
    {
        Argument { HelpName: { } name } => name,
        Option { HelpName: { } name } => name,
        Option option when IsNumber(option.ValueType) => "N",
        _ => symbol.Name.TrimStart('-').ToUpperInvariant(),               // a test asks for a HelpName, such as FILE
    };

    static bool IsNumber(Type type) => (Nullable.GetUnderlyingType(type) ?? type) is var plain
        && (plain == typeof(int) || plain == typeof(double));
}
