using System.Runtime.InteropServices;
using Attune.Training.Recipes;

namespace Attune.Cli.Tests;

/// <summary>What a user sees who does not know what to type.</summary>
public sealed class HelpTests
{
    public static TheoryData<string> Methods => [.. MethodCatalog.All.Select(method => method.Name)];

    [Fact]
    public void Program_WithoutCommand_ListsCommands()
    {
        var (code, output, _) = Commands.Run();
        Assert.Equal(0, code);
        Assert.Contains("Usage: attune COMMAND", output, StringComparison.Ordinal);
        Assert.Equal(output, Commands.Run("help").Output);
        Assert.Equal(output, Commands.Run("--help").Output);
    }

    [Fact]
    public void Help_OfACommand_IsThatOfTheOption()
    {
        Assert.Equal(Commands.Run("data", "inspect", "--help"), Commands.Run("help", "data", "inspect"));
        Assert.Equal(Commands.Run("data", "--help"), Commands.Run("data"));
    }

    [Theory]
    [InlineData("There is no command 'genrate'. Did you mean generate?", "genrate")]
    [InlineData("There is no command 'genrate'. Did you mean generate?", "help", "genrate")]
    [InlineData("There is no command 'inspekt'. Did you mean inspect?", "data", "inspekt", "x.jsonl")]
    [InlineData("There is no option --temprature. Did you mean --temperature?", "generate", "model", "prompt", "--temprature", "1")]
    [InlineData("Usage: attune score MODEL FILE [options]", "score")]
    [InlineData("Run `attune help feedback export` for more.", "feedback", "export", "--project", "x")]
    [InlineData("  attune dpo model=", "dpo")]
    [InlineData("--combine must be one of mean, minimum, deviations (was 'middle').", "score", "m", "f", "--combine", "middle")]
    public void Program_WrongCall_SaysWhatToType(string expected, params string[] words)
    {
        var (code, output, error) = Commands.Run(words);
        Assert.Equal(2, code);
        Assert.Empty(output);
        Assert.Contains(expected, error, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Methods))]
    public void Help_OfAMethod_ShowsTenKeysWithDefaults(string method)
    {
        var recipe = Commands.Run("recipe", method).Output;
        var keys = Commands.Run("help", method).Output.Split('\n')
            .SkipWhile(line => !line.StartsWith("Keys that matter most", StringComparison.Ordinal)).Skip(1)
            .TakeWhile(line => line.Length > 0).Where(line => line[2] != ' ').Select(line => line.Trim().Split(' ')[0].Split('=')).ToList();
        Assert.Equal(10, keys.Count);
        foreach (var key in keys)
        {
            var value = key[1].Length == 0 || key[1].Contains('/') ? $"\"{key[1]}\"" : key[1];
            Assert.Contains($"{key[0].Split('.')[^1]}: {value}\n", recipe, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Help_OfChoices_ShowsThemAsTheyAreTyped()
    {
        var help = Commands.Run("help", "score").Output;
        Assert.Contains("--combine mean|minimum|deviations", help, StringComparison.Ordinal);
        Assert.Contains("(default: mean)", help, StringComparison.Ordinal);
    }

    [Fact]
    public void Help_OfEveryCommand_NamesAKindOfValueForEveryOption()
    {
        var commands = AllCommands([]).ToList();
        Assert.InRange(commands.Count, 25, 80);
        foreach (var command in commands)
            foreach (var line in Commands.Run([.. command, "--help"]).Output.Split('\n'))
                Assert.False(
                    line.Trim().Split(' ') is [['-', '-', .. var name], var value, ..]
                        && value.Equals(name, StringComparison.OrdinalIgnoreCase)
                        && value is not ("FOLDER" or "METHOD"),
                    $"{string.Join(' ', command)}: {line.Trim()} has no HelpName");
    }

    [Fact]
    public void Commands_OfMessages_AreNamedAsTheProgramWasCalled()
    {
        Assert.Contains("./attune quickstart", Commands.RunAs("./attune").Output, StringComparison.Ordinal);
        Assert.Contains("\n  ./attune dpo ", Commands.RunAs("./attune", "help", "dpo").Output, StringComparison.Ordinal);
        Assert.Contains("`./attune recipe METHOD`", Commands.RunAs("./attune", "train", "no.yaml").Error, StringComparison.Ordinal);
        Assert.Contains("#   ./attune dpo FILE.yaml", Commands.RunAs("./attune", "recipe", "dpo").Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true, Architecture.X64, true)]
    [InlineData(true, Architecture.Arm64, true)]
    [InlineData(true, Architecture.X86, false)]
    [InlineData(false, Architecture.X64, false)]
    public void Platform_Unsupported_IsNamedWithTheWayOut(bool isLinux, Architecture architecture, bool runs)
    {
        var problem = Platform.ProblemOf(isLinux, architecture);
        Assert.Equal(runs, problem is null);
        if (problem is not null)
            Assert.Contains($", {architecture}). It needs Linux on x86-64 or ARM64", problem, StringComparison.Ordinal);
    }

    /// <summary>The commands that help lists, with their subcommands.</summary>
    internal static IEnumerable<string[]> AllCommands(string[] parent)
    {
        var help = Commands.Run([.. parent, "--help"]).Output.Split('\n');
        var lines = parent.Length == 0
            ? help.SkipWhile(line => !line.StartsWith("  ", StringComparison.Ordinal))
            : help.SkipWhile(line => line != "Commands:").Skip(1);
        foreach (var line in lines.TakeWhile(line => line.Length > 0))
        {
            string[] command = [.. parent, line.Trim().Split(' ')[0]];
            yield return command;
            if (parent.Length == 0)
                foreach (var inner in AllCommands(command))
                    yield return inner;
        }
    }
}
