import BookingForm from "./BookingForm.jsx";

export default function App() {
  return <BookingForm url="https://booking.example.com" publishableKey="bk_pub_..." />;
}
