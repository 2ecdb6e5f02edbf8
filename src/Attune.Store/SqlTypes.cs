using System.Data;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Dapper;

namespace Attune.Store;

/// <summary>
/// How values are stored in columns: times as milliseconds, true and false as 1 and 0, lists and settings as JSON, enumerations by name.
/// </summary>
static class SqlTypes
{
    public static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        Converters = { new JsonStringEnumConverter() },
    };

    static readonly Lock Registering = new();
    static bool registered;

    public static void Register()
    {
        lock (Registering)
        {
            if (registered)
                return;
            SqlMapper.RemoveTypeMap(typeof(DateTimeOffset));
            SqlMapper.RemoveTypeMap(typeof(DateTimeOffset?));
            SqlMapper.RemoveTypeMap(typeof(bool));
            SqlMapper.RemoveTypeMap(typeof(bool?));
            SqlMapper.AddTypeHandler(new Times());
            SqlMapper.AddTypeHandler(new Flags());
            SqlMapper.AddTypeHandler(new JsonColumn<IReadOnlyList<int>>());
            SqlMapper.AddTypeHandler(new JsonColumn<IReadOnlyList<int?>>());
            SqlMapper.AddTypeHandler(new JsonColumn<IReadOnlyList<string>>());
            SqlMapper.AddTypeHandler(new JsonColumn<IReadOnlyList<IReadOnlyList<string>>>());
            SqlMapper.AddTypeHandler(new JsonColumn<IReadOnlyList<Flag>>());
            SqlMapper.AddTypeHandler(new JsonColumn<IReadOnlyList<AccessScope>>());
            SqlMapper.AddTypeHandler(new JsonColumn<IReadOnlyDictionary<string, Judgment>>());
            SqlMapper.AddTypeHandler(new JsonColumn<ProjectSettings>());
            SqlMapper.AddTypeHandler(new JsonColumn<JsonNode>());
            SqlMapper.AddTypeHandler(new JsonColumn<JsonObject>());
            registered = true;
        }
    }

    public static long ToMilliseconds(this DateTimeOffset time) => time.ToUnixTimeMilliseconds();

    /// <exception cref="InvalidDataException">A text in it has a lone surrogate.</exception>
    public static string ToJson<T>(T value)
    {
        try
        {
            return JsonSerializer.Serialize(value, Json);
        }
        catch (JsonException error)
        {
            throw new InvalidDataException("a text contains a lone surrogate, which is not a valid character", error);
        }
    }

    sealed class Times : SqlMapper.TypeHandler<DateTimeOffset>
    {
        public override DateTimeOffset Parse(object value) => DateTimeOffset.FromUnixTimeMilliseconds((long)value);

        public override void SetValue(IDbDataParameter parameter, DateTimeOffset value)
        {
            parameter.DbType = DbType.Int64;
            parameter.Value = value.ToMilliseconds();
        }
    }

    sealed class Flags : SqlMapper.TypeHandler<bool>
    {
        /// <remarks>Conditions are integers in SQLite.</remarks>
        public override bool Parse(object value) => value as bool? ?? (long)value != 0;

        public override void SetValue(IDbDataParameter parameter, bool value)
        {
            parameter.DbType = DbType.Int64;
            parameter.Value = value ? 1L : 0;
        }
    }

    sealed class JsonColumn<T> : SqlMapper.TypeHandler<T>
    {
        public override T? Parse(object value) => JsonSerializer.Deserialize<T>((string)value, Json);

        public override void SetValue(IDbDataParameter parameter, T? value)
        {
            parameter.DbType = DbType.String;
            parameter.Value = value is null ? DBNull.Value : ToJson(value);
        }
    }
}
