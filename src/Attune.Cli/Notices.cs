using Attune.Torch.Distributed;

namespace Attune.Cli;

/// <summary>Messages that are no errors, on standard error.</summary>
static class Notices
{
    public static void Write(string text)
    {
        if (Ranks.IsFirst)
            Console.Error.WriteLine($"attune: {ProgramName.InCommandsOf(text)}");
    }
}
