// Queries go to this page's own address; subscriptions to the same, as a WebSocket.
const address = new URL(location.href);
address.search = "";
address.hash = "";
const socket = new URL(address);
socket.protocol = address.protocol === "https:" ? "wss:" : "ws:";

const defaultQuery = `# The newest orders. Run it with Ctrl+Enter; Ctrl+Space completes names.
query NewestOrders {
  orders(first: 5) {
    nodes {
      number
      milestone
      customer {
        name
      }
      lines {
        sku
        quantity
      }
    }
  }
}

# Then open a second tab and watch all orders change:
#
# subscription AllOrders {
#   orderUpdates(where: {}) {
#     __typename
#     ... on OrderUpdate {
#       order {
#         number
#         milestone
#       }
#     }
#   }
# }
`;

ReactDOM.createRoot(document.getElementById("graphiql")).render(
  React.createElement(GraphiQL, {
    defaultQuery,
    fetcher: GraphiQL.createFetcher({ url: address.href, subscriptionUrl: socket.href }),
  }),
);
