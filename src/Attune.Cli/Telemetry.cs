using Attune.Serving.Server;
using Attune.Training.Runs;
using OpenTelemetry;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace Attune.Cli;

/// <summary>
/// Exports traces and metrics of training and of the web servers with OpenTelemetry, if its environment variables ask for it.
/// https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/
/// </summary>
static class Telemetry
{
    const string Otlp = "otlp", ToConsole = "console", None = "none";

    /// <summary>Starts the exporters; they send what is left when the result is disposed of. Null if no variable asks for one.</summary>
    /// <exception cref="InvalidDataException">A variable names an exporter that is not supported.</exception>
    public static IDisposable? FromEnvironment()
    {
        if (string.Equals(Environment.GetEnvironmentVariable("OTEL_SDK_DISABLED"), "true", StringComparison.OrdinalIgnoreCase))
            return null;
        var (traces, metrics) = (Exporter("OTEL_TRACES_EXPORTER"), Exporter("OTEL_METRICS_EXPORTER"));
        return traces == None && metrics == None ? null : new Providers(Tracer(traces), Meter(metrics));
    }

    static string Exporter(string variable)
    {
        var text = Environment.GetEnvironmentVariable(variable);
        if (string.IsNullOrEmpty(text))
            return string.IsNullOrEmpty(Environment.GetEnvironmentVariable("OTEL_EXPORTER_OTLP_ENDPOINT")) ? None : Otlp;
        return text is Otlp or ToConsole or None
            ? text
            : throw new InvalidDataException($"{variable} must be {Otlp}, {ToConsole} or {None} (was '{text}')");
    }

    static TracerProvider? Tracer(string exporter)
    {
        if (exporter == None)
            return null;
        var builder = Sdk.CreateTracerProviderBuilder().ConfigureResource(NameService).AddSource(RunTelemetry.Name, InferenceTelemetry.Name)
            .AddAspNetCoreInstrumentation();
        return (exporter == Otlp ? builder.AddOtlpExporter() : builder.AddConsoleExporter()).Build();
    }

    static MeterProvider? Meter(string exporter)
    {
        if (exporter == None)
            return null;
        var builder = Sdk.CreateMeterProviderBuilder().ConfigureResource(NameService).AddMeter(
            RunTelemetry.Name, InferenceTelemetry.Name, "Microsoft.AspNetCore.Hosting", "Microsoft.AspNetCore.Server.Kestrel",
            "System.Runtime");
        return (exporter == Otlp ? builder.AddOtlpExporter() : builder.AddConsoleExporter()).Build();
    }

    static void NameService(ResourceBuilder resource)
    {
        if (string.IsNullOrEmpty(Environment.GetEnvironmentVariable("OTEL_SERVICE_NAME")))
            resource.AddService("attune");
    }

    sealed class Providers(TracerProvider? tracer, MeterProvider? meter) : IDisposable
    {
        public void Dispose()
        {
            tracer?.Dispose();
            meter?.Dispose();
        }
    }
}
