using System.Text;
using Attune.Testing;
using Attune.Training.Rewards;

namespace Attune.Training.Tests.Rewards;

public sealed class RewardProtocolTests
{
    [Fact]
    public void Read_NullInPlaceOfAScore_IsNone()
    {
        var rollouts = Rewarded.Rollouts("The cat says", " meow", " woof.");
        var scores = RewardProtocol.Read(1, """{"id":1,"scores":[null,2]}"""u8.ToArray(), rollouts);
        scores.Check("a", rollouts);
        Assert.Equal([double.NaN, 2], scores.Totals);
    }

    [Fact]
    public void ADamagedAnswerIsReadOrRefusedInWords()
    {
        var rollouts = Rewarded.Rollouts("The cat says", " meow", " woof.");
        var dense = string.Join(',', Enumerable.Repeat("0.5", Rewarded.Tokens(" woof.")));
        var answer = $$"""{"id":7,"scores":[-1.5e0,[{{dense}}]],"note":"\u00e9"}""";
        Assert.Equal(-1.5, RewardProtocol.Read(7, Encoding.UTF8.GetBytes(answer), rollouts).Rows[0][0]);
        var mutator = new JsonMutator(answer);
        var random = new Random(5);
        var (read, refused) = (0, 0);
        for (var i = 0; i < 5000; i++)
            try
            {
                RewardProtocol.Read(7, mutator.Mutate(random), rollouts).Check("a", rollouts);
                read++;
            }
            catch (InvalidDataException error)
            {
                Assert.True(error.Message.Length < 900, error.Message);
                refused++;
            }
        Assert.True(read > 100 && refused > 1000, $"{read} were read and {refused} refused");
    }
}
