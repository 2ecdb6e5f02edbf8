namespace Attune.Store.Export;

/// <summary>How many votes say what about two answers.</summary>
/// <param name="First">That the first is better.</param>
/// <param name="Second">That the second is better.</param>
/// <param name="Ties">That they are equally good.</param>
/// <param name="Bad">That all answers are bad.</param>
readonly record struct VoteCounts(int First, int Second, int Ties, int Bad)
{
    public int Total => First + Second + Ties + Bad;

    /// <summary>Of the opinion that has the most.</summary>
    public int Most => Math.Max(Math.Max(First, Second), Math.Max(Ties, Bad));

    /// <summary>1 where more say that the first is better than say anything else, −1 for the second, 0 where neither is so.</summary>
    public int Winner => First > Math.Max(Second, Math.Max(Ties, Bad)) ? 1 : Second > Math.Max(First, Math.Max(Ties, Bad)) ? -1 : 0;
}
