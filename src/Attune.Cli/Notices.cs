namespace Attune.Cli;

/// <summary>Messages that are no errors, on standard error.</summary>
static class Notices
{
    public static void Write(string text) => Console.Error.WriteLine($"attune: {ProgramName.InCommandsOf(text)}");
}
