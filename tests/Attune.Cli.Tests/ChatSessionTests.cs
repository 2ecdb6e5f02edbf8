using Attune.Cli.Chat;
using Attune.Generation;
using Attune.Models.Checkpoints;
using Attune.Models.Families;
using Attune.Store;
using Attune.Testing;
using Attune.Testing.Models;
using Attune.Torch;
using Attune.Training.Parameters;

namespace Attune.Cli.Tests;

public sealed class ChatSessionTests : IDisposable
{
    const string Template =
        "{% for m in messages %}{{ m.role[0] }}:{{ m.content }}\n{% endfor %}{{ 'a:' if add_generation_prompt }}";

    readonly TemporaryFolder folder = new();
    readonly ChatEngine first;
    readonly ChatEngine second;

    public ChatSessionTests() => (first, second) = (New("first", 1), New("second", 2));

    [Fact]
    public async Task Run_Message_IsAnsweredAndSaved()
    {
        var saved = folder.File("chat.jsonl");
        var written = await Run([first], null, "The cat says", "/regenerate", "/history", $"/save {saved}", "/exit", "never read");
        Assert.Contains("system: Be brief.\nuser: The cat says\nassistant: ", written, StringComparison.Ordinal);
        Assert.Equal(3, File.ReadAllText(saved).Split("\"role\"").Length - 1);
        Assert.DoesNotContain("never", written, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_TwoModels_SavesThePreferenceInTheStore()
    {
        var path = folder.File("studio.db");
        await Run([first, second], new(path, "hotel"), "The cat says", "2", "The dog says", "=", "The cow says", "");
        using var store = PreferenceStore.Open(path);
        var project = store.Projects.Find("hotel")!;
        var items = store.Items.Page(project.Id, 0, 10);
        Assert.Equal(2, items.Count);                              // the third was skipped
        Assert.All(items, item => Assert.Equal(["first", "second"], item.Answers.Select(answer => answer.Source).Order()));
        Assert.Equal([1, 0], store.Annotations.ForItem(project.Id, items[0].Id).Single().Result.Ranks);
        Assert.Equal([0, 0], store.Annotations.ForItem(project.Id, items[1].Id).Single().Result.Ranks);
    }

    public void Dispose()
    {
        first.Dispose();
        second.Dispose();
        folder.Dispose();
    }

    static async Task<string> Run(IReadOnlyList<ChatEngine> models, Preferences? preferences, params string[] lines)
    {
        using var output = new StringWriter { NewLine = "\n" };
        using var input = new StringReader(string.Join('\n', lines));
        SamplingOptions sampling = new() { MaxNewTokens = 6, MinNewTokens = 4 };
        await new ChatSession(models, sampling, input, output, preferences) { SystemText = "Be brief.", Seed = 1 }.Run();
        return output.ToString();
    }

    ChatEngine New(string name, ulong seed)
    {
        using var random = new RandomSource(seed);
        var tokenizer = TinyData.Tokenizer.WithChatTemplate(Template);
        var config = new ModelShape { Family = "gpt2", Layers = 1, Width = 32, Heads = 2, Context = 192 }.ToConfig(
            tokenizer.VocabularySize, tokenizer.BosId, tokenizer.EosId, tokenizer.PadId);
        ModelFolder.Save(folder.File(name), Pretrained.NewLanguageModel(config, random), tokenizer);
        return ChatEngine.Load(folder.File(name), new() { Device = "cpu", Name = name });
    }
}
