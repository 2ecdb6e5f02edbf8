using System.Text;
using Attune.Torch.Interop;

namespace Attune.Torch;

/// <summary>An error of libtorch. The message names the operator and the types and shapes of its arguments.</summary>
public sealed class TorchException : Exception
{
    public TorchException(string message) : base(message)
    {
    }

    internal TorchException(string operatorName, ReadOnlySpan<Argument> arguments, string reason)
        : base($"{operatorName}({Describe(arguments)}): {FirstLine(reason)}")
    {
    }

    static string Describe(ReadOnlySpan<Argument> arguments)
    {
        var text = new StringBuilder();
        foreach (var argument in arguments)
            text.Append(text.Length == 0 ? "" : ", ").Append(argument.ToString());
        return text.ToString();
    }

    static string FirstLine(string reason)
    {
        var end = reason.IndexOf("\nException raised from", StringComparison.Ordinal);
        return (end < 0 ? reason : reason[..end]).Trim();
    }
}
