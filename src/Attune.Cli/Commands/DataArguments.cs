using System.CommandLine;
using Attune.Data;
using Attune.Training.Recipes;

namespace Attune.Cli.Commands;

/// <summary>Options of reading a data file, as in the section <c>data</c> of a recipe.</summary>
/// <param name="hasSide">Whether one side of comparisons can be read.</param>
/// <param name="hasPairs">Whether comparisons can be chosen.</param>
sealed class DataArguments(bool hasSide = true, bool hasPairs = false)
{
    readonly Option<string[]> columns = new("--columns")
    {
        HelpName = "NAME=FIELD",
        Description = "The fields of the file that are read as fields of a layout: prompt=question completion=solution",
        AllowMultipleArgumentsPerToken = true,
    };

    readonly Option<PairSide?> side = ChoiceOption.CreateOptional<PairSide>(
        "--side", "Make demonstrations of one side of comparisons");

    readonly Option<PairChoice> pairs = ChoiceOption.Create(
        "--pairs", "Which comparisons of three or more responses are read", PairChoice.All);

    readonly Option<double> minMargin = NumberOption.Create(
        "--min-margin", "The smallest margin of a comparison: the difference of its scores, or else its strength or margin", 0);

    readonly Option<string[]> ignore = new("--ignore")
    {
        HelpName = "FIELD", Description = "Fields to leave out", AllowMultipleArgumentsPerToken = true,
    };

    public void AddTo(Command command)
    {
        command.Options.Add(columns);
        if (hasSide)
            command.Options.Add(side);
        if (hasPairs)
        {
            command.Options.Add(pairs);
            command.Options.Add(minMargin);
        }
        command.Options.Add(ignore);
    }

    /// <exception cref="InvalidDataException">A column is not written as name=field, or the margin is negative.</exception>
    public ReadOptions Read(ParseResult parsed) => new()
    {
        Columns = (parsed.GetValue(columns) ?? []).SelectMany(value => value.Split(',')).Select(Column)
            .ToDictionary(column => column.Name, column => column.Field, StringComparer.Ordinal),
        Side = hasSide ? parsed.GetValue(side) : null,
        Pairs = hasPairs ? parsed.GetValue(pairs) : PairChoice.All,
        MinMargin = hasPairs ? Margin(parsed.GetValue(minMargin)) : 0,
        Ignore = [.. (parsed.GetValue(ignore) ?? []).SelectMany(value => value.Split(','))],
        Syntax = OptionSyntax.CommandLine,
    };

    /// <summary>The same, for a command that uses the data: fields that it does not use are reported, or stop it as they stop a run.
    /// </summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="use">What the command reads.</param>
    /// <param name="command">Its name.</param>
    public ReadOptions For(ParseResult parsed, DataUse use, string command) => Read(parsed) with
    {
        Use = use,
        Reader = command,
        Methods = MethodCatalog.ThatRead,
        Notice = Notices.Write,
    };

    static double Margin(double value) => value >= 0
        ? value
        : throw new InvalidDataException($"--min-margin must be at least 0 (was {value}).");

    static (string Name, string Field) Column(string text) => text.Split('=', 2) is [{ Length: > 0 } name, { Length: > 0 } field]
        ? (name, field)
        : throw new InvalidDataException($"--columns must be name=field, such as prompt=question (was {text}).");
}
