namespace Attune.Text;

/// <summary>The special tokens of BERT's and RoBERTa's post-processors, written <c>["[SEP]", 102]</c>.</summary>
static class SpecialToken
{
    public static Encoding Read(JsonField field, int typeId) => field.Items().ToList() is [var token, var id]
        ? Encoding.Added([id.Whole()], [token.Text()], typeId)
        : throw field.Wrong("a list with a token and its id");
}
