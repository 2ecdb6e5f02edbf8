using System.ComponentModel;
using System.Diagnostics;
using Attune.Testing.Models;
using Attune.Text;
using Microsoft.Agents.AI;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.SemanticKernel;
using Microsoft.SemanticKernel.ChatCompletion;

namespace Attune.Serving.Tests;

/// <summary>A local model as a chat client, alone and in the frameworks that take one.</summary>
public sealed class ChatClientTests(ServedFolders folders) : IClassFixture<ServedFolders>, IDisposable
{
    const string Call = """<tool_call>{"name": "sound", "arguments": {"animal": "cow"}}</tool_call>""";

    readonly AttuneChatClient client = AttuneChatClient.Load(folders.Language, new() { Device = "cpu", Name = "tiny" });

    readonly List<string> heard = [];

    AIFunction Tool => AIFunctionFactory.Create(Sound, "sound");

    public void Dispose() => client.Dispose();

    [Fact]
    public async Task GetResponse_Options_AreThoseOfTheModel()
    {
        var options = new ChatOptions { MaxOutputTokens = 12, Temperature = 0 };
        var response = await client.GetResponseAsync("The cat says", options);
        using var model = ChatModel.Load(folders.Language, "cpu");
        Assert.Equal(
            model.Generate([new Message("user", "The cat says")], new() { MaxNewTokens = 12, Temperature = 0 }), response.Text);
        Assert.Equal("tiny", response.ModelId);
        Assert.Equal(response.Usage!.TotalTokenCount, response.Usage.InputTokenCount + response.Usage.OutputTokenCount);
        Assert.Equal(client.Engine.Encode(new Conversation([new("user", "The cat says")])).Length, response.Usage.InputTokenCount);
        Assert.Equal(ChatFinishReason.Length, response.FinishReason);
    }

    [Fact]
    public async Task GetStreamingResponse_SameSeed_IsTheResponse()
    {
        var options = new ChatOptions { MaxOutputTokens = 20, Seed = 4 };
        var updates = await client.GetStreamingResponseAsync("The cat says", options).ToListAsync();
        Assert.Equal((await client.GetResponseAsync("The cat says", options)).Text, string.Concat(updates.Select(update => update.Text)));
        Assert.NotNull(updates[^1].FinishReason);
    }

    [Fact]
    public async Task GetStreamingResponse_Stop_EndsBeforeIt()
    {
        using var scripted = new ScriptedModel(client, "meow moo woof");
        var updates = await scripted.GetStreamingResponseAsync("x", new() { StopSequences = ["moo"] }).ToListAsync();
        Assert.Equal("meow ", string.Concat(updates.Select(update => update.Text)));
    }

    [Fact]
    public async Task GetResponse_Tools_AreCalledAndTheirResultsRead()
    {
        using var scripted = new ScriptedModel(client, $"hm {Call}", "the cow says moo");
        using var invoking = scripted.AsBuilder().UseFunctionInvocation().Build();
        var response = await invoking.GetResponseAsync("What says the cow?", new() { Tools = [Tool] });
        Assert.Equal("cow", Assert.Single(heard));
        Assert.Equal("the cow says moo", response.Messages[^1].Text);
        Assert.Equal("hm ", response.Messages[0].Text);
        Assert.Equal("moo", $"{scripted.Asked[1][^1].Contents.OfType<Microsoft.Extensions.AI.FunctionResultContent>().Single().Result}");
    }

    [Fact]
    public async Task GetResponse_TextThatOnlyLooksLikeACall_IsText()
    {
        using var scripted = new ScriptedModel(client, "<tool_call>moo</tool_call>");
        var response = await scripted.GetResponseAsync("x", new() { Tools = [Tool] });
        Assert.Equal("<tool_call>moo</tool_call>", response.Text);
        Assert.Equal(ChatFinishReason.Stop, response.FinishReason);
    }

    [Fact]
    public async Task GetResponse_OpenTelemetry_RecordsModelAndUsage()
    {
        var activities = new List<Activity>();
        using var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == "attune.tests", ActivityStopped = activities.Add,
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllData,
        };
        ActivitySource.AddActivityListener(listener);
        using var traced = client.AsBuilder().UseOpenTelemetry(sourceName: "attune.tests").Build();
        var response = await traced.GetResponseAsync("The cat says", new() { MaxOutputTokens = 3 });
        var activity = Assert.Single(activities);
        Assert.Equal("attune", activity.GetTagItem("gen_ai.provider.name"));
        Assert.Equal("tiny", activity.GetTagItem("gen_ai.response.model"));
        Assert.Equal((int)response.Usage!.OutputTokenCount!, activity.GetTagItem("gen_ai.usage.output_tokens"));
    }

    [Fact]
    public async Task Agent_WithATool_CallsIt()
    {
        using var scripted = new ScriptedModel(client, Call, "moo it is");
        var agent = scripted.AsAIAgent(instructions: "You know animals.", tools: [Tool]);
        var response = await agent.RunAsync("What says the cow?");
        Assert.Equal("moo it is", response.Text);
        Assert.Equal("cow", Assert.Single(heard));
    }

    [Fact]
    public async Task SemanticKernel_Prompt_IsAnswered()
    {
        using var scripted = new ScriptedModel(client, "moo", "woof");
        var builder = Kernel.CreateBuilder();
        builder.Services.AddSingleton(scripted.AsChatCompletionService());
        var kernel = builder.Build();
        Assert.Equal("moo", (await kernel.InvokePromptAsync("What says the {{$animal}}?", new() { ["animal"] = "cow" })).ToString());
        Assert.Contains("What says the cow?", scripted.Asked[0][^1].Text, StringComparison.Ordinal);
        var streamed = await kernel.InvokePromptStreamingAsync<string>("What says the dog?").ToListAsync();
        Assert.Equal("woof", string.Concat(streamed));
    }

    [Fact]
    public async Task Services_AddAttune_GiveAClientAndScores()
    {
        await using var services = new ServiceCollection()
            .AddAttuneChatClient(folders.Language, new() { Device = "cpu" }).AddAttuneScoreModel(folders.Reward, "cpu")
            .BuildServiceProvider();
        var chat = services.GetRequiredService<IChatClient>();
        var texts = await Task.WhenAll(Enumerable.Range(1, 5).Select(
            seed => chat.GetResponseAsync("The cat says", new() { Seed = seed, MaxOutputTokens = 8 })));
        var scores = await services.GetRequiredService<ScoreModel>().ScoreAsync([.. texts.Select(text => ("The cat says", text.Text))]);
        Assert.Equal(5, scores.Distinct().Count());
    }

    [Fact]
    public async Task GetResponse_Image_IsRefused() => await Assert.ThrowsAsync<NotSupportedException>(
        () => client.GetResponseAsync(new ChatMessage(ChatRole.User, [new DataContent(new byte[3], "image/png")])));

    [Fact]
    public async Task GetResponse_NoTemplate_SaysWhatToDo()
    {
        using var plain = AttuneChatClient.Load(WithoutTemplate(), new() { Device = "cpu" });
        var error = await Assert.ThrowsAsync<InvalidDataException>(() => plain.GetResponseAsync("x"));
        Assert.Contains("no chat template", error.Message, StringComparison.Ordinal);
        using var given = AttuneChatClient.Load(WithoutTemplate(), new() { Device = "cpu", ChatTemplate = ServedFolders.Template });
        Assert.NotEmpty((await given.GetResponseAsync("x", new() { MaxOutputTokens = 4 })).Text);
    }

    string WithoutTemplate()
    {
        TinyData.Tokenizer.Save(folders.Language + "-plain");
        foreach (var file in (string[])["config.json", "model.safetensors"])
            File.Copy(Path.Combine(folders.Language, file), Path.Combine(folders.Language + "-plain", file), overwrite: true);
        return folders.Language + "-plain";
    }

    [Description("What an animal says")]
    string Sound(string animal)
    {
        heard.Add(animal);
        return animal == "cow" ? "moo" : "woof";
    }
}
