using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Npgsql;
using Streaming.Api.Auth;
using Streaming.Api.Http;
using Streaming.Core.Creators;
using Streaming.Core.Data;

namespace Streaming.Api.Features.Profile;

public static class UsernameEndpoints
{
    public static void MapUsername(this IEndpointRouteBuilder routes)
    {
        var username = routes.MapGroup("/api/me/username").WithTags("Me");
        username.MapGet("/", Get)
            .WithSummary("Read your username")
            .WithDescription("Taken from the first session token that names one that is free; else chosen by `PUT`. Without one a channel has no page.")
            .Gives(new UsernameAnswer("dev-creator"));
        username.MapPut("/", Put)
            .WithSummary("Choose your username")
            .WithDescription("It is one name in whatever case it is written, and answered in lower case. The former one is free for others at once.")
            .Takes(new ChooseUsername("Dev-Creator"))
            .Gives(new UsernameAnswer("dev-creator"))
            .Fails(Errors.UsernameTaken);
    }

    private static async Task<Ok<UsernameAnswer>> Get(StreamingDb db, CurrentUser user, CancellationToken ct) =>
        TypedResults.Ok(new UsernameAnswer(await db.Users.Where(u => u.Id == user.Id).Select(u => u.Username).SingleAsync(ct)));

    private static async Task<Results<Ok<UsernameAnswer>, ApiError>> Put(ChooseUsername choice, StreamingDb db, CurrentUser user, CancellationToken ct)
    {
        if (Username.Of(choice.Username) is not { } name)
            return Errors.Invalid("username", Username.IsReserved(choice.Username) ? "is reserved." : Username.Rule);
        try
        {
            await db.Users.Where(u => u.Id == user.Id).ExecuteUpdateAsync(u => u.SetProperty(x => x.Username, name), ct);
            return TypedResults.Ok(new UsernameAnswer(name));
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.UniqueViolation)
        {
            return Errors.UsernameTaken;
        }
    }
}

/// <param name="Username">3 to 30 letters, digits, hyphens, underscores or dots, beginning with a letter or digit.</param>
public sealed record ChooseUsername(string Username);

/// <param name="Username">In lower case; null while there is none.</param>
public sealed record UsernameAnswer(string? Username);
