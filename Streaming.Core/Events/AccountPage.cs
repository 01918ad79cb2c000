namespace Streaming.Core.Events;

/// <summary>
/// One page of the books: how many deliveries came to each end, added up in the transactions that brought them there. There are
/// several pages so that transactions do not wait for each other; their sum is the account.
/// </summary>
public sealed class AccountPage
{
    /// <summary>How many pages there are.</summary>
    public const int Pages = 64;

    private AccountPage() { }

    /// <summary>A page to write on.</summary>
    public static int Any() => Random.Shared.Next(Pages);

    public int Page { get; private set; }
    public long Applied { get; private set; }
    public long Superseded { get; private set; }
    public long Skipped { get; private set; }
    public long Duplicate { get; private set; }
    public long Dead { get; private set; }

    /// <summary>Deliveries that came by way of the spool: received, not an end.</summary>
    public long Spooled { get; private set; }
}
