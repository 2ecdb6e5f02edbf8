namespace Attune.Testing;

/// <summary>
/// Changes what one golden comparison of this thread expects, so that a test of the tests can see it fail; counts the comparisons. Nothing
/// is tallied meanwhile.
/// </summary>
public sealed class ChangedExpectation : IDisposable
{
    [ThreadStatic]
    static ChangedExpectation? current;

    readonly int which;

    /// <param name="which">The number of the comparison, from 0; -1 for none.</param>
    public ChangedExpectation(int which)
    {
        this.which = which;
        current = this;
    }

    /// <summary>How many comparisons were made.</summary>
    public int Comparisons { get; private set; }

    internal static bool IsOpen => current is not null;

    /// <summary>Counts a comparison, and whether it is the one to change.</summary>
    internal static bool IsNext() => current is { } changed && changed.Comparisons++ == changed.which;

    public void Dispose() => current = null;
}
