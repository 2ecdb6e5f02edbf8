namespace Attune.Data;

/// <summary>Places the rewards of an example at its response tokens.</summary>
static class RewardPlaces
{
    /// <summary>
    /// A reward for each target token: a single number is that of the last; as many numbers as responses are those of their last tokens; as
    /// many as response tokens, with or without the end-of-sequence token, are those of the tokens.
    /// </summary>
    /// <param name="row">The row before it is cut.</param>
    /// <param name="rewards">At least one.</param>
    /// <param name="origin">Where the example comes from.</param>
    /// <exception cref="InvalidDataException">There is another number of rewards.</exception>
    public static double[] Place(TokenRow row, IReadOnlyList<double> rewards, Origin origin)
    {
        int[] actions = [.. Enumerable.Range(0, row.Tokens.Length).Where(row.IsTarget)];
        int[] ends = [.. Enumerable.Range(0, actions.Length).Where(at => at + 1 == actions.Length || actions[at + 1] != actions[at] + 1)];
        IReadOnlyList<int> places = rewards.Count switch
        {
            1 => [actions.Length - 1],
            var count when count == ends.Length => ends,
            var count when count == actions.Length || count == actions.Length - 1 => [.. Enumerable.Range(0, count)],
            var count => throw new InvalidDataException(
                $"{origin}: `reward` has {count} numbers; it must have one for each response ({ends.Length}), one for each response token "
                + $"({actions.Length} with the end-of-sequence token), or be a single number"),
        };
        var placed = new double[actions.Length];
        foreach (var (place, reward) in places.Zip(rewards))
            placed[place] = reward;
        return placed;
    }
}
