using Livekit.Server.Sdk.Dotnet;
using static Livekit.Server.Sdk.Dotnet.IngressState.Types;

namespace Streaming.Core.LiveKit;

/// <summary>An ingress as LiveKit lists it. Its state is the newest connection's, be it a refused one while another publishes.</summary>
/// <param name="ResourceId">The connection that the state speaks of; null when there never was one.</param>
/// <param name="Video">Null: none arrives, or LiveKit has not looked yet.</param>
public sealed record IngressLook(string IngressId, string RoomName, bool IsEnabled, string? ResourceId, bool IsPublishing, bool IsBuffering, DateTimeOffset? StartedAt, VideoLook? Video, AudioLook? Audio)
{
    internal static IngressLook Of(IngressInfo ingress)
    {
        var state = ingress.State ?? new IngressState();
        return new IngressLook(
            ingress.IngressId, ingress.RoomName, !ingress.HasEnabled || ingress.Enabled, state.ResourceId is { Length: > 0 } resource ? resource : null,
            state.Status == Status.EndpointPublishing, state.Status == Status.EndpointBuffering,
            state.StartedAt > 0 ? DateTimeOffset.UnixEpoch.AddTicks(state.StartedAt / 100) : null,
            state.Video is { } v ? new VideoLook(v.MimeType, (int)v.Width, (int)v.Height, v.Framerate, (int)v.AverageBitrate) : null,
            state.Audio is { } a ? new AudioLook(a.MimeType, (int)a.Channels, (int)a.SampleRate, (int)a.AverageBitrate) : null);
    }
}

/// <summary>Zero is what LiveKit does not know (yet).</summary>
public sealed record VideoLook(string Codec, int Width, int Height, double FramesPerSecond, int Bitrate);

/// <summary>Zero is what LiveKit does not know (yet).</summary>
public sealed record AudioLook(string Codec, int Channels, int SampleRate, int Bitrate);
