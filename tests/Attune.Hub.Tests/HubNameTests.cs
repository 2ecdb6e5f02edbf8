using Attune.Testing;

namespace Attune.Hub.Tests;

/// <summary>Names of repositories, which of their files are downloaded, and the settings of the environment.</summary>
public sealed class HubNameTests
{
    static readonly HubRepository Model = HubRepository.Parse(HubKind.Model, "a/b");

    [Theory]
    [InlineData("Qwen/Qwen2.5-0.5B-Instruct", "Qwen/Qwen2.5-0.5B-Instruct", "main")]
    [InlineData("gpt2", "gpt2", "main")]
    [InlineData("EleutherAI/pythia-70m@step3000", "EleutherAI/pythia-70m", "step3000")]
    [InlineData("a/b@refs/pr/1", "a/b", "refs/pr/1")]
    public void Parse_Name_HasIdAndRevision(string text, string id, string revision)
    {
        var repository = HubRepository.Parse(HubKind.Model, text);
        Assert.Equal((id, revision), (repository.Id, repository.Revision));
        Assert.Equal($"attune models get {text}", repository.Command);
    }

    [Theory]
    [InlineData("")]
    [InlineData("a/b/c")]
    [InlineData("../b")]
    [InlineData("a/..b")]
    [InlineData("/a")]
    [InlineData("a/b@")]
    [InlineData("a/b@../../x")]
    [InlineData("a b/c")]
    [InlineData("a--b/c")]
    [InlineData("./runs")]
    [InlineData("é/b")]
    public void Parse_OtherText_IsRefused(string text) => Assert.Contains(
        "must be named OWNER/NAME", Assert.Throws<InvalidDataException>(() => HubRepository.Parse(HubKind.Model, text)).Message);

    [Theory]
    [InlineData(HubKind.Model, "Qwen/Qwen2.5-0.5B", "`attune models get Qwen/Qwen2.5-0.5B`")]
    [InlineData(HubKind.Model, "gpt2", "")]
    [InlineData(HubKind.Model, "a/b@v1", "`attune models get a/b@v1`")]
    [InlineData(HubKind.Dataset, "openai/gsm8k", "`attune data get openai/gsm8k`")]
    [InlineData(HubKind.Dataset, "openai/gsm8k/main/train.parquet", "`attune data get openai/gsm8k`")]
    [InlineData(HubKind.Dataset, "answers.jsonl", "")]
    [InlineData(HubKind.Dataset, "answers", "")]
    [InlineData(HubKind.Dataset, "mine/answers.csv.gz", "")]
    [InlineData(HubKind.Model, "mine/model.safetensors", "")]
    [InlineData(HubKind.Model, "/a/b", "")]
    [InlineData(HubKind.Model, "./a", "")]
    [InlineData(HubKind.Model, "a/b@", "")]
    [InlineData(HubKind.Model, "", "")]
    public void Hint_TextOfTheFormOfAName_LeadsToGet(HubKind kind, string text, string command)
    {
        var hint = HubLookup.Hint(kind, text);
        Assert.Equal(command.Length == 0, hint.Length == 0);
        Assert.EndsWith(command, hint);
    }

    [Fact]
    public void OfModel_WholeModelAndShards_TakesTheWholeOne() => Assert.Equal(
        ["config.json", "tokenizer.model", "merges.txt", "chat_template.jinja", "additional_chat_templates/tool_use.jinja", "README.md",
        "model.safetensors"],
        HubFiles.OfModel(Model,
        [
            ".gitattributes", "config.json", "tokenizer.model", "merges.txt", "chat_template.jinja",
            "additional_chat_templates/tool_use.jinja", "README.md", "model.safetensors", "model-00001-of-00002.safetensors",
            "consolidated.safetensors", "pytorch_model.bin", "onnx/config.json", "onnx/model.onnx", "run.py", "model.gguf",
        ]));

    [Fact]
    public void OfModel_Shards_AreTakenWithTheirIndex() => Assert.Equal(
        ["model.safetensors.index.json", "model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"],
        HubFiles.OfModel(
            Model,
            ["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors", "model.safetensors.index.json", "tf_model.h5"]));

    [Fact]
    public void OfModel_PicklesOnly_IsRefused()
    {
        var message = Assert.Throws<InvalidDataException>(() => HubFiles.OfModel(Model, ["config.json", "pytorch_model.bin"])).Message;
        Assert.Contains("pytorch_model.bin only, a pickle", message);
        Assert.Contains("attune models get a/b@refs/pr/1", message);
        Assert.Contains("not a model", Assert.Throws<InvalidDataException>(() => HubFiles.OfModel(Model, ["README.md"])).Message);
    }

    [Fact]
    public void OfDataset_Patterns_ChooseAmongDataFiles()
    {
        string[] files =
        [
            "README.md", "main/test-0.parquet", "main/train-0.parquet", "socratic/train.jsonl.gz", "a.csv.zst", "load.py",
            "dataset_infos.json",
        ];
        var data = new HubRepository(HubKind.Dataset, "a/b");
        Assert.Equal(
            ["README.md", "main/test-0.parquet", "main/train-0.parquet", "socratic/train.jsonl.gz", "a.csv.zst"],
            HubFiles.OfDataset(data, files, []));
        Assert.Equal(["README.md", "main/train-0.parquet"], HubFiles.OfDataset(data, files, ["main/train*"]));
        Assert.Contains(
            "it has main/test-0.parquet", Assert.Throws<InvalidDataException>(() => HubFiles.OfDataset(data, files, ["x"])).Message);
        Assert.Contains("no files of a kind", Assert.Throws<InvalidDataException>(() => HubFiles.OfDataset(data, ["load.py"], [])).Message);
    }

    [Fact]
    public void Settings_Environment_IsThatOfHuggingFaceHub()
    {
        using var folder = new TemporaryFolder();
        folder.Write("token", "hf_file\n");
        Assert.Equal(Path.Combine(folder.Path, "hub"), Read(("HF_HOME", folder.Path)).Cache);
        Assert.Equal("hf_file", Read(("HF_HOME", folder.Path)).Token);
        Assert.Equal("hf_own", Read(("HF_HOME", folder.Path), ("HF_TOKEN", " hf_own ")).Token);
        Assert.Equal("/elsewhere", Read(("HF_HOME", folder.Path), ("HF_HUB_CACHE", "/elsewhere")).Cache);
        Assert.Equal(Path.Combine(folder.Path, "huggingface", "hub"), Read(("XDG_CACHE_HOME", folder.Path)).Cache);
        Assert.EndsWith(Path.Combine(".cache", "huggingface", "hub"), Read().Cache);
        Assert.Equal("https://huggingface.co/", Read().Endpoint.ToString());
        Assert.Equal("https://hf-mirror.com/x/", Read(("HF_ENDPOINT", "https://hf-mirror.com/x")).Endpoint.ToString());
        var repository = HubRepository.Parse(HubKind.Model, "owner/name");
        Assert.DoesNotContain("TRANSFORMERS_OFFLINE", Read(("HF_HUB_OFFLINE", "1"), ("TRANSFORMERS_OFFLINE", "1")).NotCached(repository));
        Assert.Matches("^TRANSFORMERS_OFFLINE is .*Unset TRANSFORMERS_OFFLINE", Read(("TRANSFORMERS_OFFLINE", "1")).NotCached(repository));
        Assert.Contains("HF_ENDPOINT", Assert.Throws<InvalidDataException>(() => Read(("HF_ENDPOINT", "mirror"))).Message);

        static HubSettings Read(params (string Name, string Value)[] variables) => HubSettings.FromEnvironment(
            name => variables.FirstOrDefault(variable => variable.Name == name).Value);
    }
}
