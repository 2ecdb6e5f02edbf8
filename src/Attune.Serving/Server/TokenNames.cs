using Attune.Generation.Scheduling;
using Attune.Serving.Protocol;
using Attune.Text;

namespace Attune.Serving.Server;

/// <summary>Tokens and ends of responses, in the terms of OpenAI's API.</summary>
sealed class TokenNames(Tokenizer tokenizer)
{
    /// <summary>The text of a token by itself.</summary>
    public string Text(int id) => tokenizer.Decode([id]);

    public ChatTokenLogprob Logprob(TokenLogprob token) => Logprob(token.Id, token.Logprob, top: null);

    public ChatTokenLogprob Logprob(int id, float logprob, IReadOnlyList<ChatTokenLogprob>? top)
    {
        var text = Text(id);
        int[]? bytes = text.Contains('\uFFFD') ? null : [.. System.Text.Encoding.UTF8.GetBytes(text).Select(each => (int)each)];
        return new(text, Finite(logprob), bytes, top);
    }

    /// <summary>JSON has no −∞; OpenAI writes −9999.</summary>
    public static double Finite(float logprob) => float.IsFinite(logprob) ? logprob : -9999;

    public static string Reason(ResponseStream response) => response.End switch
    {
        ResponseEnd.ToolCalls => "tool_calls",
        ResponseEnd.Length => "length",
        _ => "stop",
    };
}
