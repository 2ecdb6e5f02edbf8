using System.Text.Json;
using System.Text.Json.Serialization;

namespace Attune.Torch.Distributed;

/// <summary>What ranks send each other: JSON, with tensors as their shape and bytes.</summary>
static class RankMessage
{
    static readonly JsonSerializerOptions Options = NewOptions(Device.Cpu);

    public static byte[] Write<T>(T value) => JsonSerializer.SerializeToUtf8Bytes(value, Options);

    /// <param name="message">The message.</param>
    /// <param name="device">The device of its tensors.</param>
    public static T Read<T>(byte[] message, Device device = default) =>
        JsonSerializer.Deserialize<T>(message, device.Type == DeviceType.Cpu ? Options : NewOptions(device))!;

    static JsonSerializerOptions NewOptions(Device device) => new()
    {
        IncludeFields = true,                                      // of tuples
        IgnoreReadOnlyProperties = true,
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
        Converters = { new TensorConverter(device) },
    };

    sealed class TensorConverter(Device device) : JsonConverter<Tensor>
    {
        public override void Write(Utf8JsonWriter writer, Tensor value, JsonSerializerOptions options)
        {
            writer.WriteStartArray();
            writer.WriteNumberValue((int)value.DType);
            using (TensorScope.Open())
                writer.WriteBase64StringValue(value.Detach().To(Device.Cpu).Contiguous().RawBytes());
            foreach (var size in value.Shape)
                writer.WriteNumberValue(size);
            writer.WriteEndArray();
            value.Dispose();                                       // the sender, too, uses the copy that Read creates
        }

        public override Tensor Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
        {
            reader.Read();
            var dtype = (DType)reader.GetInt32();
            reader.Read();
            var bytes = reader.GetBytesFromBase64();
            var shape = new List<long>();
            while (reader.Read() && reader.TokenType == JsonTokenType.Number)
                shape.Add(reader.GetInt64());
            var tensor = Tensor.Empty([.. shape], dtype);
            bytes.CopyTo(tensor.RawBytes());
            return tensor.To(device);
        }
    }
}
