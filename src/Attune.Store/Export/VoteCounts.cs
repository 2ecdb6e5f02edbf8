namespace Attune.Store.Export;

/// <summary>The votes on two responses.</summary>
/// <param name="First">Votes that the first is better.</param>
/// <param name="Second">Votes that the second is better.</param>
/// <param name="Ties">Ties.</param>
/// <param name="Bad">Votes that all responses are bad.</param>
readonly record struct VoteCounts(int First, int Second, int Ties, int Bad)
{
    public int Total => First + Second + Ties + Bad;

    /// <summary>The largest of the four counts.</summary>
    public int Most => Math.Max(Math.Max(First, Second), Math.Max(Ties, Bad));

    /// <summary>The share of votes for the first among those with a preference; ½ where neither wins.</summary>
    public double Share => Winner == 0 ? 0.5 : (double)First / (First + Second);

    /// <summary>1 where "the first is better" has more votes than every other count, −1 for the second, otherwise 0.</summary>
    public int Winner => First > Math.Max(Second, Math.Max(Ties, Bad)) ? 1 : Second > Math.Max(First, Math.Max(Ties, Bad)) ? -1 : 0;
}
