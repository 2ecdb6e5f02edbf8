using System.CommandLine;
using Attune.Data;

namespace Attune.Cli.Commands;

/// <summary>Options of reading a data file, as in the section <c>data</c> of a recipe.</summary>
sealed class DataArguments
{
    readonly Option<string[]> columns = new("--columns")
    {
        HelpName = "NAME=FIELD",
        Description = "The fields of the file that are read as fields of a layout: prompt=question completion=solution",
        AllowMultipleArgumentsPerToken = true,
    };

    readonly Option<PairSide?> side = ChoiceOption.CreateOptional<PairSide>(
        "--side", "Make demonstrations of one side of comparisons");

    readonly Option<string[]> ignore = new("--ignore")
    {
        HelpName = "FIELD", Description = "Fields to leave out", AllowMultipleArgumentsPerToken = true,
    };

    public void AddTo(Command command)
    {
        command.Options.Add(columns);
        command.Options.Add(side);
        command.Options.Add(ignore);
    }

    /// <exception cref="InvalidDataException">A column is not written as name=field.</exception>
    public ReadOptions Read(ParseResult parsed) => new()
    {
        Columns = (parsed.GetValue(columns) ?? []).SelectMany(value => value.Split(',')).Select(Column)
            .ToDictionary(column => column.Name, column => column.Field, StringComparer.Ordinal),
        Side = parsed.GetValue(side),
        Ignore = [.. (parsed.GetValue(ignore) ?? []).SelectMany(value => value.Split(','))],
    };

    static (string Name, string Field) Column(string text) => text.Split('=', 2) is [{ Length: > 0 } name, { Length: > 0 } field]
        ? (name, field)
        : throw new InvalidDataException($"--columns must be name=field, such as prompt=question (was {text}).");
}
