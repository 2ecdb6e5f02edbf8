using System.Globalization;

namespace Attune.Torch.Distributed;

/// <summary>Reads the environment variables of a launcher. Variables that are empty count as not set.</summary>
sealed class RankVariables(Func<string, string?> variable)
{
    public bool Has(string name) => !string.IsNullOrWhiteSpace(variable(name));

    public string TextOr(string name, string other) => Has(name) ? variable(name)!.Trim() : other;

    /// <param name="name">The variable.</param>
    /// <param name="advice">What to do when it is not set.</param>
    public string Text(string name, string advice = "Start all processes with the same launcher, or unset the variables of the others.") =>
        Has(name) ? variable(name)!.Trim() : throw new InvalidDataException(
            $"The environment variable {name} is not set, although others say that this is one of several processes. {advice}");

    public int Number(string name, int minimum = 0)
    {
        var text = Text(name);
        return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= minimum
            ? number
            : throw new InvalidDataException($"The environment variable {name} must be a whole number of at least {minimum} (was {text}).");
    }

    public int NumberOr(string name, int other, int minimum = 0) => Has(name) ? Number(name, minimum) : other;

    public int Port(string name)
    {
        var port = Number(name, minimum: 1);
        return port <= 65535
            ? port
            : throw new InvalidDataException($"The environment variable {name} must be a port, 1 to 65535 (was {port}).");
    }

    public int PortOr(string name, int other) => Has(name) ? Port(name) : other;

    public TimeSpan Timeout() => TimeSpan.FromSeconds(NumberOr(RankEnvironment.TimeoutVariable, 600, minimum: 1));
}
