namespace Attune.Data;

/// <summary>How messages write the options of reading: as keys of a recipe, or as options of a command.</summary>
public enum OptionSyntax
{
    /// <summary><c>data.ignore: [label]</c>.</summary>
    Recipe,

    /// <summary><c>--ignore label</c>.</summary>
    CommandLine,
}

/// <summary>Options of reading, as messages write them.</summary>
static class OptionText
{
    extension(OptionSyntax syntax)
    {
        public string Columns => syntax == OptionSyntax.Recipe ? "`data.columns`" : "`--columns`";

        /// <summary>The option that maps names.</summary>
        public string Mapping(string layoutField, string fileField) => syntax == OptionSyntax.Recipe
            ? $"{{{layoutField}: {fileField}}}"
            : $"{layoutField}={fileField}";

        public string ColumnsExample => syntax == OptionSyntax.Recipe
            ? "`data.columns: {prompt: …, completion: …}`"
            : "`--columns prompt=… completion=…`";

        public string Side => syntax == OptionSyntax.Recipe ? "`data.side`" : "`--side`";

        public string Pairs => syntax == OptionSyntax.Recipe ? "`data.pairs: bestAndWorst`" : "`--pairs bestAndWorst`";

        public string MinMargin => syntax == OptionSyntax.Recipe ? "`data.minMargin`" : "`--min-margin`";

        public string ChosenSide => syntax == OptionSyntax.Recipe ? "`data.side: chosen`" : "`--side chosen`";

        public string Ignore(params IEnumerable<string> names) => syntax == OptionSyntax.Recipe
            ? $"`data.ignore: [{string.Join(", ", names)}]`"
            : $"`--ignore {string.Join(' ', names)}`";
    }
}
