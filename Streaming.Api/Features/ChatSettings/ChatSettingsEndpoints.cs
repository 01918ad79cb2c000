using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Streaming.Api.Auth;
using Streaming.Api.Http;
using Streaming.Core.Data;
using Streaming.Core.LiveUpdates;

namespace Streaming.Api.Features.ChatSettings;

public static class ChatSettingsEndpoints
{
    public static void MapChatSettings(this IEndpointRouteBuilder routes) =>
        routes.MapPut("/api/stream/chat-settings", Put)
            .RequireAuthorization(ApprovedCreator.Policy)
            .WithTags("Stream")
            .WithSummary("Change who may chat, and how")
            .WithDescription("What is absent stays as it is.")
            .Takes(new { isChatFollowersOnly = true })
            .Gives(StreamAnswer.Example)
            .Fails(Errors.StreamNotFound, Errors.Conflict);

    private static async Task<Results<Ok<StreamAnswer>, ApiError>> Put(UpdateChatSettings change, StreamingDb db, CurrentUser user, TimeProvider time, HttpResponse response, CancellationToken ct)
    {
        if (await db.Channels.OwnedBy(user.Id).SingleOrDefaultAsync(ct) is not { } channel) return Errors.StreamNotFound;
        channel.SetChatRules(change.IsChatEnabled.OrNull(), change.IsChatDelayed.OrNull(), change.IsChatFollowersOnly.OrNull(), time.GetUtcNow());
        if (db.Entry(channel).State == EntityState.Modified) db.Append(StreamUpdated.To(channel));
        return await db.TrySave(ct) ? StreamAnswer.Of((await StreamInfo.Of(db, user.Id, ct))!, response) : Errors.Conflict;
    }

    private static bool? OrNull(this Optional<bool> given) => given.IsGiven ? given.Value : null;
}

/// <param name="IsChatEnabled">Whether there is a chat at all.</param>
/// <param name="IsChatDelayed">Whether messages reach viewers after a delay.</param>
/// <param name="IsChatFollowersOnly">Whether followers alone may write.</param>
public sealed record UpdateChatSettings(Optional<bool> IsChatEnabled, Optional<bool> IsChatDelayed, Optional<bool> IsChatFollowersOnly);
